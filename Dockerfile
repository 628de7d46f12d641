# One image for the gateway and the five services: docker run IMAGE users|exercises|workouts|...

ARG PYTHON_IMAGE=python:3.11-slim

FROM ${PYTHON_IMAGE} AS packages
WORKDIR /packages
RUN python -m venv /opt/gym
# only what is named here decides whether the packages are installed anew
COPY setup.cfg ./
COPY constraints.txt ./
RUN python -c "import configparser; file = configparser.ConfigParser(); file.read('setup.cfg'); extras = file['options.extras_require']; print(file['options']['install_requires'], extras['otlp'], extras['brotli'])" > requirements.txt \
    && /opt/gym/bin/pip install --no-cache-dir --disable-pip-version-check \
        --constraint constraints.txt --requirement requirements.txt

FROM ${PYTHON_IMAGE}
RUN groupadd --system --gid 10001 gym \
    && useradd --system --uid 10001 --gid gym --no-create-home --home-dir /app --shell /usr/sbin/nologin gym
# - eventlet's own resolver remembers addresses, and would not find a container that was made anew
# - warnings of what will change in packages some day are for developers, and no lines of the log
# - in a container a service must be reachable from the others
ENV PATH=/opt/gym/bin:$PATH \
    PYTHONUNBUFFERED=1 \
    PYTHONWARNINGS=ignore \
    EVENTLET_NO_GREENDNS=yes \
    GATEWAY_ADDRESS=0.0.0.0:8080 \
    USERS_ADDRESS=0.0.0.0:8081 \
    WORKOUTS_ADDRESS=0.0.0.0:8082 \
    ANALYTICS_ADDRESS=0.0.0.0:8083 \
    EXERCISES_ADDRESS=0.0.0.0:8084 \
    NOTIFICATIONS_ADDRESS=0.0.0.0:8085
COPY --from=packages /opt/gym /opt/gym
WORKDIR /app
COPY schemas schemas
COPY services services
COPY gateway gateway
# for `python -m stack trace`
COPY stack stack
COPY deploy/healthcheck.py deploy/healthcheck.py
RUN python -m compileall -q . \
    && install --mode=700 --owner=gym --group=gym --directory /traces
USER 10001:10001
EXPOSE 8080 8081 8082 8083 8084 8085
STOPSIGNAL SIGTERM
HEALTHCHECK --interval=5s --timeout=4s --start-period=60s --retries=3 \
    CMD ["python", "-IS", "deploy/healthcheck.py"]
ENTRYPOINT ["python", "-m", "services.run"]
CMD ["gateway"]
