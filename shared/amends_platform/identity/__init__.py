"""Who is let in: API keys, people an identity provider vouches for (`oidc`), and the sessions of both.

Imports the store, the domain and the rest of amends_platform, never a service. What they may do is the domain's.
Start at `authenticating`, which every request passes; `principals` keeps the keys.
"""
