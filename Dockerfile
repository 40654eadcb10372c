# The image of every bidui program in an office: Airflow's components, the Celery workers, the watcher, set-up.
# What is installed is what requirements.txt locks, hash by hash; the same file serves the demo and the tests.
FROM python:3.11.13-slim-bookworm

# openssl: machine packages are verified by it (docs/adr/0004). tini: reaps what a killed task leaves.
RUN apt-get update \
 && apt-get install --yes --no-install-recommends openssl=3.0.* tini=0.19.* \
 && rm -rf /var/lib/apt/lists/*

WORKDIR /opt/bidui
COPY requirements.txt ./
RUN python -m pip install --no-cache-dir --no-deps --require-hashes --requirement requirements.txt \
 && python -m compileall -q "$(python -c 'import sysconfig; print(sysconfig.get_path("purelib"))')"

COPY include/ include/
COPY dags/ dags/
COPY demo/ demo/
COPY plugins/ plugins/

# Nobody in particular; docker-compose.yaml runs it as the owner of the hub's working folder.
USER 50000
ENV HOME=/tmp USER=bidui PYTHONPATH=/opt/bidui/plugins:/opt/bidui PYTHONUNBUFFERED=1
ENTRYPOINT ["tini", "--"]
CMD ["python", "-m", "bidui", "--help"]
