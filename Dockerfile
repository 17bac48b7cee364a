# Three images: docker build --target processor | sink | demo .
# Each has its own dependencies, in the versions of constraints.txt, in a virtual environment without pip.
ARG PYTHON_IMAGE=python:3.11-slim

FROM ${PYTHON_IMAGE} AS build
ENV PIP_NO_CACHE_DIR=1 PIP_DISABLE_PIP_VERSION_CHECK=1 PIP_ROOT_USER_ACTION=ignore
RUN python -m venv --without-pip /opt/venv
WORKDIR /src
# The dependencies first, with packages that are empty yet: they change less often than the code.
COPY pyproject.toml constraints.txt ./
RUN touch README.md LICENSE && mkdir schemas runtime processor sink demo

FROM build AS build-processor
RUN pip --python /opt/venv/bin/python install --quiet -c constraints.txt '.[processor,fast]'
COPY README.md LICENSE ./
COPY schemas schemas
COPY runtime runtime
COPY processor processor
RUN pip --python /opt/venv/bin/python install --quiet --no-deps --force-reinstall .

FROM build AS build-sink
RUN pip --python /opt/venv/bin/python install --quiet -c constraints.txt '.[sink,fast]'
COPY README.md LICENSE ./
COPY schemas schemas
COPY runtime runtime
COPY sink sink
RUN pip --python /opt/venv/bin/python install --quiet --no-deps --force-reinstall .

FROM build AS build-demo
RUN pip --python /opt/venv/bin/python install --quiet -c constraints.txt '.[demo]'
COPY README.md LICENSE ./
COPY demo demo
RUN pip --python /opt/venv/bin/python install --quiet --no-deps --force-reinstall .

FROM ${PYTHON_IMAGE} AS run
RUN useradd --uid 1000 --create-home --home-dir /home/fink fink
# $HOME is named, since fink-client looks there when it is imported, whoever the container runs as.
ENV PATH=/opt/venv/bin:$PATH HOME=/home/fink PYTHONUNBUFFERED=1 PYTHONDONTWRITEBYTECODE=1
WORKDIR /home/fink
USER 1000:1000
ARG VERSION=
ARG REVISION=
ENV FINK_SKYPORTAL_REVISION=${REVISION}
LABEL org.opencontainers.image.title="fink-skyportal" \
      org.opencontainers.image.description="Fink's ZTF and Rubin alerts into SkyPortal" \
      org.opencontainers.image.licenses="BSD-3-Clause" \
      org.opencontainers.image.version="${VERSION}" \
      org.opencontainers.image.revision="${REVISION}"

FROM run AS demo
USER root
RUN install -d -m 1777 /data
USER 1000:1000
COPY --from=build-demo /opt/venv /opt/venv
ENTRYPOINT ["python", "-m", "demo"]
CMD ["--help"]

FROM run AS processor
COPY --from=build-processor /opt/venv /opt/venv
ENV PROCESSOR_METRICS_HOST=0.0.0.0
EXPOSE 9101
# Whether its loop turns. That Fink or Kafka is away is no reason to restart it.
HEALTHCHECK --interval=30s --timeout=10s --start-period=60s --retries=3 \
    CMD ["python", "-m", "runtime.alive", "9101"]
ENTRYPOINT ["python", "-m", "processor"]
CMD ["run"]

FROM run AS sink
COPY --from=build-sink /opt/venv /opt/venv
ENV SINK_METRICS_HOST=0.0.0.0
EXPOSE 9102
# Whether its loop turns. That SkyPortal is away is no reason to restart it.
HEALTHCHECK --interval=30s --timeout=10s --start-period=60s --retries=3 \
    CMD ["python", "-m", "runtime.alive", "9102"]
ENTRYPOINT ["python", "-m", "sink"]
CMD ["run"]
