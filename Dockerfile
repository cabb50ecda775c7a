FROM python:3.13-slim AS build

COPY requirements/image.txt /tmp/
# Without the parser of libyaml: 2.8 MB, which save a tenth of a second where there are 500 targets.
# PyYAML has the same one in Python, and takes that where the other is not.
RUN touch /tmp/start \
    && PYTHONDONTWRITEBYTECODE=1 pip install --quiet --disable-pip-version-check \
        --root-user-action ignore --no-cache-dir --no-compile --only-binary :all: \
        --no-deps --require-hashes -r /tmp/image.txt \
    && rm /usr/local/lib/python3.*/site-packages/yaml/_yaml.*.so \
    && python3 -c 'import yaml'

COPY entrypoint.py pyproject.toml /app/
COPY asc_linker /app/asc_linker

# `asc-linker` on the PATH, for pipelines that run a script in the image: the entrypoint by another name.
# hadolint ignore=SC2016
RUN printf '%s\n' '#!/bin/sh' \
        'exec /usr/local/bin/python3 -BEs /app/entrypoint.py "${@:---help}"' \
        >/usr/local/bin/asc-linker \
    && chmod 755 /usr/local/bin/asc-linker

# The base has no byte-code, not even of the standard library: compiling it at every start would
# take longer than all the rest. One run of the demo leaves behind the byte-code of what is imported,
# one of --help that of the command line.
# /added is then all that this stage has added to the base, in one piece.
RUN INPUT_DEMO=true GITHUB_OUTPUT=/dev/null GITHUB_STEP_SUMMARY=/dev/null \
        python3 -Es /app/entrypoint.py >/tmp/demo.log || { cat /tmp/demo.log; exit 1; }; \
    python3 -Es /app/entrypoint.py attach --help >/dev/null \
    && asc-linker --version >/dev/null \
    && mkdir /added \
    && find /app /usr/local/bin/asc-linker /usr/local/lib -type f -cnewer /tmp/start \
        -exec cp --parents -p '{}' /added ';'

FROM python:3.13-slim
LABEL org.opencontainers.image.title="asc-linker" \
      org.opencontainers.image.description="Attach an uploaded build to an App Store version" \
      org.opencontainers.image.licenses="MIT"

COPY --from=build /added/ /

# `docker run … emulator` serves whoever is let in to the container, on a port that can be mapped.
ENV ASC_LINKER_EMULATOR_HOST=0.0.0.0 ASC_LINKER_EMULATOR_PORT=8089

# By absolute path: the runner sets the working directory to the user's checkout, whose files are
# not ours to import. -E and -s keep the workflow's PYTHON* variables and $HOME's packages out,
# -B leaves nothing behind. Not -I, which would also take /app off the module path.
ENTRYPOINT ["/usr/local/bin/python3", "-BEs", "/app/entrypoint.py"]
