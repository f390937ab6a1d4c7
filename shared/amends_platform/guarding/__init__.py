"""What stands between the network and both HTTP services: slow clients, floods, malformed requests, too many at once.

May import the settings and problems of the platform, uvicorn and httptools; nothing of ours imports uvicorn elsewhere.
Start at `protocol`, what a connection may do; `watch` says for how long, `gate` how often, `admission` who asks.
"""
