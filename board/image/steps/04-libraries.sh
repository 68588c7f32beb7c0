# shellcheck shell=bash
# title: the application's libraries
# reads: requirements.lock board/image/lgpio.lock
#
# As they are locked, by their hashes; wheels alone, for the phone's processor and its Python.

# Of lgpio itself there is no wheel for this Python, and no package in Debian; of a copy there is.
awk '/^[^ ]/ {skip = /^lgpio==/} !skip' "$CHECKOUT/requirements.lock" >"$TMPDIR/requirements.lock"
UV_CACHE_DIR=$TMPDIR/uv "$CHECKOUT/.venv/bin/uv" pip install --quiet --no-config --link-mode copy \
    --python "$CHECKOUT/.venv/bin/python" --target site-packages --no-deps --require-hashes \
    --only-binary :all: --python-platform aarch64-manylinux_2_40 --python-version 3.13 \
    -r "$TMPDIR/requirements.lock" -r "$HERE/lgpio.lock"

# What a phone never runs.
rm -rf site-packages/bin site-packages/.lock site-packages/numpy/f2py
find site-packages -type d -name tests -prune -exec rm -rf {} +
find site-packages -name uv_cache.json -delete
# Their first lines named this checkout; the list of what was installed has their hashes.
sed -i '/^bin\//d' site-packages/*.dist-info/RECORD
