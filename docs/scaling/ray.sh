#!/bin/sh
# Four processes on the machines of a Ray cluster. Needs on each of them: pip install "bigmodel-cli[ray]",
# and this folder, on a disk that all of them share.
#
# Once, on the first machine, with its address in the private network:
#   ray start --head --node-ip-address 10.0.0.1 --port 6379
# and on each of the others:
#   ray start --address 10.0.0.1:6379
# Both take the token of ~/.ray/auth_token where there is one (`ray get-auth-token --generate` makes it; it must be the
# same on all machines), and then whoever has none is sent away. Then, on any of them:
export RAY_AUTH_MODE="${RAY_AUTH_MODE:-token}"
exec bigmodel launch --ray "${RAY_ADDRESS:-10.0.0.1:6379}" --workers 4 --restarts 3 -- \
    train configs/mnist.yaml "training.checkpoint.every=10 minutes" --plain
