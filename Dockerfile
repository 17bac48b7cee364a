# Three images: docker build --target processor | sink | demo .
# Each has its own dependencies, in the versions of constraints.txt, in a virtual environment without pip, and beside them
# the code: an upgrade that changes no dependency is a layer of a few MB.
ARG PYTHON_IMAGE=python:3.11-slim

FROM ${PYTHON_IMAGE} AS build
ENV PIP_NO_CACHE_DIR=1 PIP_DISABLE_PIP_VERSION_CHECK=1 PIP_ROOT_USER_ACTION=ignore
RUN python -m venv --without-pip /opt/venv
WORKDIR /src
# The dependencies first, with packages that are empty yet: they change less often than the code.
COPY pyproject.toml constraints.txt ./
RUN touch README.md LICENSE && mkdir schemas runtime processor sink demo

FROM build AS processor-needs
RUN pip --python /opt/venv/bin/python install --quiet -c constraints.txt '.[processor,fast]'
RUN pip --python /opt/venv/bin/python uninstall --quiet --yes fink-skyportal

FROM processor-needs AS processor-code
COPY README.md LICENSE ./
COPY schemas schemas
COPY runtime runtime
COPY processor processor
RUN pip --python /opt/venv/bin/python install --quiet --no-deps --target /opt/fink-skyportal .

FROM build AS sink-needs
RUN pip --python /opt/venv/bin/python install --quiet -c constraints.txt '.[sink,fast]'
RUN pip --python /opt/venv/bin/python uninstall --quiet --yes fink-skyportal

FROM sink-needs AS sink-code
COPY README.md LICENSE ./
COPY schemas schemas
COPY runtime runtime
COPY sink sink
RUN pip --python /opt/venv/bin/python install --quiet --no-deps --target /opt/fink-skyportal .

FROM build AS demo-needs
RUN pip --python /opt/venv/bin/python install --quiet -c constraints.txt '.[demo]'
RUN pip --python /opt/venv/bin/python uninstall --quiet --yes fink-skyportal

FROM demo-needs AS demo-code
COPY README.md LICENSE ./
COPY demo demo
RUN pip --python /opt/venv/bin/python install --quiet --no-deps --target /opt/fink-skyportal .

FROM ${PYTHON_IMAGE} AS run
RUN useradd --uid 1000 --create-home --home-dir /home/fink fink
# $HOME is named, since fink-client looks there when it is imported, whoever the container runs as.
ENV PATH=/opt/venv/bin:$PATH PYTHONPATH=/opt/fink-skyportal HOME=/home/fink PYTHONUNBUFFERED=1 PYTHONDONTWRITEBYTECODE=1
WORKDIR /home/fink
USER 1000:1000
LABEL org.opencontainers.image.title="fink-skyportal" \
      org.opencontainers.image.description="Fink's ZTF and Rubin alerts into SkyPortal" \
      org.opencontainers.image.licenses="BSD-3-Clause"

FROM run AS demo
USER root
RUN install -d -m 1777 /data
USER 1000:1000
COPY --from=demo-needs /opt/venv /opt/venv
COPY --from=demo-code /opt/fink-skyportal /opt/fink-skyportal
ARG VERSION=
ARG REVISION=
ENV FINK_SKYPORTAL_REVISION=${REVISION}
LABEL org.opencontainers.image.version="${VERSION}" org.opencontainers.image.revision="${REVISION}"
ENTRYPOINT ["python", "-m", "demo"]
CMD ["--help"]

FROM run AS processor
COPY --from=processor-needs /opt/venv /opt/venv
COPY --from=processor-code /opt/fink-skyportal /opt/fink-skyportal
ARG VERSION=
ARG REVISION=
ENV FINK_SKYPORTAL_REVISION=${REVISION}
LABEL org.opencontainers.image.version="${VERSION}" org.opencontainers.image.revision="${REVISION}"
ENV PROCESSOR_METRICS_HOST=0.0.0.0
EXPOSE 9101
# Whether its loop turns. That Fink or Kafka is away is no reason to restart it.
HEALTHCHECK --interval=30s --timeout=10s --start-period=60s --retries=3 \
    CMD ["python", "-m", "runtime.alive", "9101"]
ENTRYPOINT ["python", "-m", "processor"]
CMD ["run"]

FROM run AS sink
COPY --from=sink-needs /opt/venv /opt/venv
COPY --from=sink-code /opt/fink-skyportal /opt/fink-skyportal
ARG VERSION=
ARG REVISION=
ENV FINK_SKYPORTAL_REVISION=${REVISION}
LABEL org.opencontainers.image.version="${VERSION}" org.opencontainers.image.revision="${REVISION}"
ENV SINK_METRICS_HOST=0.0.0.0
EXPOSE 9102
# Whether its loop turns. That SkyPortal is away is no reason to restart it.
HEALTHCHECK --interval=30s --timeout=10s --start-period=60s --retries=3 \
    CMD ["python", "-m", "runtime.alive", "9102"]
ENTRYPOINT ["python", "-m", "sink"]
CMD ["run"]
