"""A status page and health monitor for products that live on realtime providers."""

__version__ = "0.1.0"
