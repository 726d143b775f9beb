"""Superset's settings, for one person on one machine. `SUPERSET_HOME` holds everything that it writes."""

from __future__ import annotations

import os
from pathlib import Path

HOME = Path(os.environ["SUPERSET_HOME"])

SQLALCHEMY_DATABASE_URI = f"sqlite:///{HOME / 'superset.db'}"
# Made by `dashboards.setup` on this machine, readable by its owner alone.
SECRET_KEY = (HOME / "secret_key").read_text()

# Nothing is kept of a result: an edition that is published shows at the next look.
CACHE_CONFIG = {"CACHE_TYPE": "NullCache"}
DATA_CACHE_CONFIG = {"CACHE_TYPE": "NullCache"}
LOG_LEVEL = "WARNING"
RATELIMIT_STORAGE_URI = "memory://"
FEATURE_FLAGS = {"ALERT_REPORTS": False, "THUMBNAILS": False, "ENABLE_TEMPLATE_PROCESSING": False}
PUBLIC_ROLE_LIKE = None
AUTH_USER_REGISTRATION = False

# The browser may ask this server and no other: Superset's own list has a tracking pixel, fonts and map servers.
TALISMAN_ENABLED = True
TALISMAN_CONFIG = {
    "content_security_policy": {
        "base-uri": ["'self'"],
        "default-src": ["'self'"],
        "img-src": ["'self'", "blob:", "data:"],
        "worker-src": ["'self'", "blob:"],
        "connect-src": ["'self'"],
        "object-src": "'none'",
        "style-src": ["'self'", "'unsafe-inline'"],
        "font-src": ["'self'", "data:"],
        "script-src": ["'self'", "'strict-dynamic'"],
    },
    "content_security_policy_nonce_in": ["script-src"],
    # Plain HTTP: it is served on loopback only.
    "force_https": False,
    "session_cookie_secure": False,
}
