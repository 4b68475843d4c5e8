#!/bin/sh
# Resolves pyproject.toml into requirements.lock: one file for Linux, macOS and Windows, Python 3.11 to 3.13.
# What is pinned stays, unless an option such as `--upgrade` or `--upgrade-package NAME` is given.
# CUDA's packages are left out. A torch with CUDA brings them itself, at its own pins; a CPU build needs none.
set -eu
cd "$(dirname "$0")/.."
uv=.cache/uv
case ${OS:-} in Windows_NT) bin=Scripts ;; *) bin=bin ;; esac
if ! "$uv/$bin/uv" --version >/dev/null 2>&1; then
    ".venv/$bin/python" -m venv --clear "$uv"
    "$uv/$bin/python" -m pip install --quiet --disable-pip-version-check "uv>=0.9"
fi
for name in cuda-bindings cuda-pathfinder cuda-toolkit triton \
    nvidia-cublas nvidia-cuda-cupti nvidia-cuda-nvrtc nvidia-cuda-runtime nvidia-cudnn-cu13 \
    nvidia-cufft nvidia-cufile nvidia-curand nvidia-cusolver nvidia-cusparse nvidia-cusparselt-cu13 \
    nvidia-nccl-cu13 nvidia-nvjitlink nvidia-nvshmem-cu13 nvidia-nvtx; do
    set -- "$@" --no-emit-package "$name"
done
exec "$uv/$bin/uv" pip compile --quiet --universal --python-version 3.11 --fork-strategy fewest --all-extras \
    --custom-compile-command "make lock (tools/lock.sh says why CUDA's packages are left out)" \
    --output-file requirements.lock "$@" pyproject.toml
