#!/bin/sh
# Four processes on two machines, each with two of their GPUs: sbatch slurm.sh
#SBATCH --job-name=bigmodel
#SBATCH --nodes=2
#SBATCH --ntasks-per-node=2
#SBATCH --gpus-per-task=2
#SBATCH --cpus-per-task=8
#SBATCH --time=12:00:00
#SBATCH --signal=TERM@120

# On a disk that all machines share. SLURM sends SIGTERM two minutes before the end: the run is saved, and the next job
# goes on with it.
export BIGMODEL_RUNS="$SLURM_SUBMIT_DIR/runs"
if [ -d "$BIGMODEL_RUNS/mnist" ]; then
    exec srun bigmodel train --resume mnist --plain
fi
exec srun bigmodel train configs/mnist.yaml training.device=all "training.checkpoint.every=10 minutes" --plain
