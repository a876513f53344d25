"""The network of tokens_fit.py in PyTorch, as nanoGPT has it.

    python tokens_torch.py TEXT STEPS EPOCHS

Prints a line of JSON: windows per second of each epoch.
"""

import json
import sys
import time
from pathlib import Path

import torch
from torch import nn
from torch.nn import functional

LENGTH, BATCH, WIDTH, HEADS, LAYERS = 64, 12, 128, 4, 4
text, steps, epochs = Path(sys.argv[1]).read_text(), int(sys.argv[2]), int(sys.argv[3])
torch.manual_seed(0)

characters = sorted(set(text))
place = {character: number for number, character in enumerate(characters)}
ids = torch.tensor([place[character] for character in text[: len(text) * 9 // 10]])


class Block(nn.Module):
    def __init__(self):
        super().__init__()
        self.first, self.second = nn.LayerNorm(WIDTH), nn.LayerNorm(WIDTH)
        self.qkv, self.out = nn.Linear(WIDTH, 3 * WIDTH), nn.Linear(WIDTH, WIDTH)
        self.up, self.down = nn.Linear(WIDTH, 4 * WIDTH), nn.Linear(4 * WIDTH, WIDTH)

    def forward(self, x):
        parts = self.qkv(self.first(x)).view(BATCH, LENGTH, 3, HEADS, WIDTH // HEADS)
        query, key, value = parts.permute(2, 0, 3, 1, 4)
        attended = functional.scaled_dot_product_attention(query, key, value, is_causal=True)
        x = x + self.out(attended.transpose(1, 2).reshape(BATCH, LENGTH, WIDTH))
        return x + self.down(functional.gelu(self.up(self.second(x))))


class Model(nn.Module):
    def __init__(self):
        super().__init__()
        self.words, self.places = nn.Embedding(len(characters), WIDTH), nn.Embedding(LENGTH, WIDTH)
        self.blocks = nn.Sequential(*[Block() for _ in range(LAYERS)])
        self.norm, self.head = nn.LayerNorm(WIDTH), nn.Linear(WIDTH, len(characters))

    def forward(self, tokens):
        x = self.words(tokens) + self.places(torch.arange(LENGTH))
        return self.head(self.norm(self.blocks(x)))


model = Model()
optimizer = torch.optim.AdamW(model.parameters(), 3e-3, betas=(0.9, 0.99), weight_decay=0.1)
rates, loss = [], None
for _ in range(epochs):
    began = time.perf_counter()
    for _ in range(steps):
        starts = torch.randint(len(ids) - LENGTH, (BATCH,))
        x = torch.stack([ids[start : start + LENGTH] for start in starts])
        y = torch.stack([ids[start + 1 : start + 1 + LENGTH] for start in starts])
        loss = functional.cross_entropy(model(x).view(BATCH * LENGTH, -1), y.view(-1))
        optimizer.zero_grad(set_to_none=True)
        loss.backward()
        nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        optimizer.step()
    rates.append(steps * BATCH / (time.perf_counter() - began))
print(json.dumps({"windows_per_second": rates, "loss": loss.item()}))
