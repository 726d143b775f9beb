"""Superset's settings for one person on one machine. Superset writes only to `SUPERSET_HOME`."""

import os
from pathlib import Path

HOME = Path(os.environ["SUPERSET_HOME"])

SQLALCHEMY_DATABASE_URI = f"sqlite:///{HOME / 'superset.db'}"
# Created by `dashboards.setup`, readable only by its owner.
SECRET_KEY = (HOME / "secret_key").read_text()

# No cache: a new edition shows at the next request.
CACHE_CONFIG = {"CACHE_TYPE": "NullCache"}
DATA_CACHE_CONFIG = {"CACHE_TYPE": "NullCache"}
LOG_LEVEL = "WARNING"
RATELIMIT_STORAGE_URI = "memory://"
FEATURE_FLAGS = {"ALERT_REPORTS": False, "THUMBNAILS": False, "ENABLE_TEMPLATE_PROCESSING": False}
PUBLIC_ROLE_LIKE = None
AUTH_USER_REGISTRATION = False

# The browser may contact only this server. Superset's default policy allows a tracking pixel and map servers.
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
    # Plain HTTP, because it is served only on loopback.
    "force_https": False,
    "session_cookie_secure": False,
}
