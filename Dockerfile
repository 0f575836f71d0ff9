# One image for the tagger, the sink, the gateway and the tools, and with --build-arg EXTRAS=lake for the lake. Build and run it: README.md, "In production".
ARG BASE_IMAGE=python:3.11-slim-bookworm


FROM ${BASE_IMAGE} AS dependencies

# For a package registry of your own. It leaves no trace in the image, which only copies files from this stage.
ARG PIP_INDEX_URL
ARG PIP_EXTRA_INDEX_URL
ARG PIP_FIND_LINKS
ARG PIP_TRUSTED_HOST
ARG PIP_CERT
ENV PIP_DISABLE_PIP_VERSION_CHECK=1 \
    PIP_NO_CACHE_DIR=1 \
    PIP_ROOT_USER_ACTION=ignore

# Further extras of pyproject.toml, by spaces: lake needs 250 MB.
ARG EXTRAS
WORKDIR /src
RUN python -m venv /opt/pip && python -m venv --without-pip /opt/venv
COPY pyproject.toml constraints.txt ./
# Removes what the product never runs: the packages' own tests, onnxruntime's tools and its library for C programs
# (the Python module does not need it), and the hub's alternative downloader.
RUN python -c 'import os, tomllib; \
project = tomllib.load(open("pyproject.toml", "rb"))["project"]; \
extras = ["extract", "otel", *os.environ.get("EXTRAS", "").split()]; \
print(*project["dependencies"], *(item for extra in extras for item in project["optional-dependencies"][extra]), sep="\n")' > requirements.txt \
    && /opt/pip/bin/pip --python /opt/venv/bin/python install --no-compile -r requirements.txt -c constraints.txt \
    && /opt/pip/bin/pip --python /opt/venv/bin/python uninstall --yes hf-xet \
    && cd "$(/opt/venv/bin/python -c 'import sysconfig; print(sysconfig.get_path("purelib"))')" \
    && find . -type d -name tests -prune -exec rm -rf {} + \
    && rm -rf onnxruntime/capi/libonnxruntime.so.* onnxruntime/quantization onnxruntime/tools onnxruntime/transformers \
        Crypto/SelfTest numpy/distutils numpy/f2py


FROM dependencies AS application

COPY . .
# Separate from the dependencies, so that a new version adds only a small layer.
RUN /opt/pip/bin/pip --python /opt/venv/bin/python install --no-compile --no-deps --target /opt/aegis . \
    && cp deploy/image/healthcheck.py /opt/aegis/ \
    && PYTHONPATH=/opt/aegis PYTHONPYCACHEPREFIX=/opt/bytecode /opt/venv/bin/python deploy/image/bytecode.py


FROM dependencies AS model

# If empty, the image tags with aegis-mini. Otherwise an architecture of open_clip and its weights: a name, or a file in
# weights/.
ARG MODEL_ARCH
ARG MODEL_PRETRAINED
ARG TORCH_INDEX_URL=https://download.pytorch.org/whl/cpu
COPY . .
RUN if [ -z "${MODEL_ARCH}" ]; then mkdir /opt/model; else \
        /opt/pip/bin/pip install --extra-index-url "${TORCH_INDEX_URL}" -c constraints.txt '.[export]' \
        && /opt/pip/bin/aegis model export --arch "${MODEL_ARCH}" --pretrained "${MODEL_PRETRAINED}" --output /opt/model; \
    fi


FROM ${BASE_IMAGE}

ARG MODEL_ARCH
ARG VERSION=0.1.0
ARG REVISION=unknown
LABEL org.opencontainers.image.title="Aegis Tagger" \
      org.opencontainers.image.description="Tags extracted game textures with CLIP, as events" \
      org.opencontainers.image.licenses="Apache-2.0" \
      org.opencontainers.image.version="${VERSION}" \
      org.opencontainers.image.revision="${REVISION}"

# Numeric ids, so that Kubernetes can verify that it is not root. Any user may write to the spool, because extraction runs
# as its caller.
RUN groupadd --gid 10001 aegis \
    && useradd --uid 10001 --gid 10001 --no-create-home --home-dir /nonexistent --shell /usr/sbin/nologin aegis \
    && mkdir --mode=1777 --parents /work /var/lib/aegis/spool /var/lib/aegis/models
COPY --from=dependencies /opt/venv /opt/venv
COPY --from=model /opt/model /opt/model
COPY --from=application /opt/aegis /opt/aegis
COPY --from=application /opt/bytecode /opt/bytecode

# PYTHONSAFEPATH: files in the working directory are data, never modules.
ENV PATH=/opt/aegis/bin:/opt/venv/bin:${PATH} \
    PYTHONPATH=/opt/aegis \
    PYTHONSAFEPATH=1 \
    PYTHONPYCACHEPREFIX=/opt/bytecode \
    PYTHONDONTWRITEBYTECODE=1 \
    AEGIS_MODEL_BUNDLE=${MODEL_ARCH:+/opt/model} \
    AEGIS_OPS_HOST=0.0.0.0 \
    AEGIS_OPS_PORT=9464 \
    AEGIS_SPOOL_DIR=/var/lib/aegis/spool
WORKDIR /work
USER 10001:10001
EXPOSE 8080 9464

HEALTHCHECK --interval=5s --timeout=5s --start-period=60s --retries=3 \
    CMD ["python", "-I", "/opt/aegis/healthcheck.py", "livez"]
# The same commands as outside: `docker run IMAGE consumer sink`, `docker run IMAGE aegis topics ls`.
ENTRYPOINT ["python", "-m"]
CMD ["consumer", "tagger"]
