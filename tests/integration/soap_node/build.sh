#!/usr/bin/env bash
# Fetches node's soap into build/interop/node. Does nothing if it is there.
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
to=${1:-$(cd "$here/../../.." && pwd)/build/interop/node}
cmp -s "$here/package.json" "$to/package.json" && [ -d "$to/node_modules/soap" ] && exit 0
mkdir -p "$to"
cp "$here/package.json" "$to/"
npm install --prefix "$to" --no-fund --no-audit --loglevel error
