"""What can be seen of the services from outside: spans, metrics of requests and processes, what a log line is about.
Imports prometheus-client and OpenTelemetry's API; its SDK, the extra `telemetry`, only where traces are asked for.
Start reading in `requests.py`, which sees every request, and in `tracing.py`, which follows it to the alert.
"""
