"""A ClickHouse server for one machine: the native TCP protocol in front of the in-process chdb engine.

Only one process may open a chdb data directory, so that process serves everybody else, and the rest
of Nova uses plain ``clickhouse-driver`` as it would against a real server. Nothing here imports Django.
"""
