"""Reads phrases with a model of stock Rasa, in its own runtime: JSON lines in and out, much as `python -m bot parse`.

python bench/stock/read.py MODEL < phrases    each line with `id` and `text`
"""

import asyncio
import json
import sys

from rasa.core.agent import Agent


async def main() -> None:
    """Command line."""
    agent = Agent.load(sys.argv[1])
    for line in sys.stdin:
        row = json.loads(line)
        parsed = await agent.parse_message(row["text"])
        key = parsed.get("response_selector", {}).get("ask_policy", {}).get("response", {}).get("intent_response_key")
        clause = key.split("/", 1)[1] if key else None
        read = {
            "id": row["id"],
            "text": row["text"],
            "intent": parsed["intent"]["name"],
            "confidence": parsed["intent"]["confidence"],
            "clause": clause,
        }
        print(json.dumps(read), flush=True)


if __name__ == "__main__":
    asyncio.run(main())
