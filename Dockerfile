FROM python:3.11-slim AS build
WORKDIR /app
COPY requirements.lock .
RUN python -m venv .venv \
 && .venv/bin/pip install --no-cache-dir --disable-pip-version-check --require-hashes -r requirements.lock
COPY . .
RUN SECRET_KEY=only-to-collect-the-static-files-and-kept-nowhere-else \
    .venv/bin/python manage.py collectstatic --noinput --verbosity 0 \
 && rm -r var

FROM python:3.11-slim
RUN useradd --system --uid 10001 --no-create-home portail \
 && install --directory --owner portail /data
COPY --from=build /app /app
WORKDIR /app
ENV PATH=/app/.venv/bin:$PATH PYTHONUNBUFFERED=1 DATA_DIR=/data HOST=0.0.0.0
USER portail
EXPOSE 8000
# The check names the site as a visitor does: Django answers to no other name.
HEALTHCHECK --interval=15s --timeout=5s --start-period=30s --retries=3 CMD ["python", "-c", \
    "import os, urllib.request as u; u.urlopen(u.Request('http://127.0.0.1:8000/sante/', headers={'Host': os.environ['SITE_URL'].split('//')[1]}), timeout=4)"]
CMD ["gunicorn", "iamm.wsgi"]
