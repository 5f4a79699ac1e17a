"""The demo: starts the reference deployment, drives every scenario, and counts what came of each message."""
