"""People whom an identity provider vouches for: access tokens (JWT) beside API keys.

Imports the rest of amends_platform, never a service; what is off is not imported at all.
Start in `verifying`, which the authenticator asks; docs/identity.md is for people.
"""
