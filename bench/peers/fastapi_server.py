"""What the Python peers have in common: FastAPI and uvicorn. The port is the environment variable PORT."""

import os

import uvicorn
from fastapi import FastAPI


def serve(models, sample):
    """Serves models by name. `sample(model, batch)` makes that many names, with their NLL and perplexity."""
    app = FastAPI()

    @app.get("/health")
    def health():
        return "ok"

    @app.get("/generate")
    async def generate(model: str = "mlp", n: int = 20, batch: int | None = None):
        names = []
        while len(names) < n:
            names += sample(models[model], batch or n)
        return {"model": model, "names": names}

    uvicorn.run(app, host="127.0.0.1", port=int(os.environ["PORT"]), log_level="warning", access_log=False)
