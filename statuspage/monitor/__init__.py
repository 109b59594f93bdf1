"""The loop: look, fold, decide, store. It owns time (when to look) and nothing else; what things mean is core's.

Everything runs on one asyncio loop. The store is synchronous and is called from one writer thread only.
Only scheduler.py knows APScheduler. Trouble of our own (a locked database, a stall, a crash in a probe)
is never evidence about a target.
"""
