"""Read by gunicorn by itself: `gunicorn iamm.wsgi` is the whole command. WEB_CONCURRENCY is gunicorn's own name."""

import os

from iamm.settings import LOGGING

bind = f"{os.environ.get('HOST', '127.0.0.1')}:{os.environ.get('PORT', '8000')}"
worker_class = "gthread"
threads = 8
max_requests = 5000
max_requests_jitter = 500
control_socket_disable = True
forwarded_allow_ips = ""  # Django reads X-Forwarded-Proto, and only when TRUSTED_PROXIES says so
logconfig_dict = LOGGING  # its own start, stop and failures; each request is logged by iamm.logs
