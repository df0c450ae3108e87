"""The ``results`` queue on Redis, some messages at a time: taken, kept until they are acknowledged, or given back.

The keys are those of kombu, and so is what lies under them: a coordinator of an earlier version and one of this can stand on
the same broker. Kombu takes a message off the queue first and keeps it afterwards, so that what it had in its hands when it was
killed is gone; here a script does both at once, for as many messages as there are.
"""

from __future__ import annotations

import time
import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from redis.exceptions import NoScriptError, ResponseError

from farm.broker.access import KEY_PREFIX

#: A wait ends within this time, whatever was asked for: a connection that says nothing for longer is taken to be broken.
LONGEST_WAIT_S = 2.0
#: Redis looks at its clock every 0.1 s when it has nothing to do, and forgets about a wait of a millisecond for good.
SHORTEST_WAIT_S = 0.01
GIVE_BACK_EVERY_S = 5.0
#: What follows a message where it is kept, as it is written here and as kombu writes it. What has another end is of another
#: queue, whose consumers give it back.
_ENDS = ',"","{queue}"]', ', "", "{queue}"]'
#: What is not even an envelope is not kept: kombu could not give it back. To take comes first: that is allowed on a Redis that
#: is full, and what a script has begun it may go on with.
_TAKE = """
local taken = {}
for place = 1, tonumber(ARGV[1]) do
  local raw = redis.call('RPOP', KEYS[1])
  if not raw then break end
  taken[place] = raw
  if raw:sub(1, 1) == '{' and raw:sub(-1) == '}' then
    local tag = ARGV[2] .. place
    redis.call('HSET', KEYS[2], tag, '[' .. raw .. ARGV[4])
    redis.call('ZADD', KEYS[3], ARGV[3], tag)
  end
end
return taken
"""
#: Backwards: what was taken first is to be taken first again.
_GIVE_BACK = """
local back = 0
for place = #ARGV, 3, -1 do
  local tag = ARGV[place]
  local kept = redis.call('HGET', KEYS[2], tag)
  if not kept then redis.call('ZREM', KEYS[3], tag) end
  for which = 1, 2 do
    local ending = ARGV[which]
    if kept and kept:sub(-#ending) == ending then
      redis.call('HDEL', KEYS[2], tag)
      redis.call('ZREM', KEYS[3], tag)
      redis.call('RPUSH', KEYS[1], kept:sub(2, -#ending - 1))
      back = back + 1
      break
    end
  end
end
return back
"""


@dataclass(frozen=True, slots=True)
class Taken:
    """A message as it lay on the queue, and the tag under which it is kept."""

    tag: str
    raw: bytes


class Results:
    """One consumer of the queue.

    Args:
        client: a ``redis.Redis``, whose errors all methods raise.
        queue: its name.
        kept_s: what was taken and not acknowledged for so long, by whomever, is given to another.
    """

    def __init__(self, client: Any, queue: str, kept_s: float) -> None:
        self._client, self._kept_s = client, kept_s
        self._keys = [KEY_PREFIX + key for key in (queue, "unacked", "unacked_index")]
        self._ends = [ending.replace("{queue}", queue) for ending in _ENDS]
        self._take, self._give_back = client.register_script(_TAKE), client.register_script(_GIVE_BACK)
        self._next_look = 0.0

    def take(self, most: int, wait_s: float, settled: Sequence[str] = ()) -> list[Taken]:
        """What lies there, ``most`` at a time, or what comes in ``wait_s`` seconds, after those ``settled`` were let go of.

        All of it is one round trip. What is waited for is moved from the end of the queue to the end of the queue: it stays.
        """
        self._give_back_what_was_kept_too_long()
        queue, *_ = self._keys
        mark = f"{uuid.uuid4().hex}."
        arguments = (most, mark, time.time(), self._ends[0])
        with self._client.pipeline(transaction=False) as pipe:
            self._let_go(pipe, settled)
            if wait_s >= SHORTEST_WAIT_S:
                pipe.blmove(queue, queue, min(wait_s, LONGEST_WAIT_S), "RIGHT", "RIGHT")
            pipe.execute_command("EVALSHA", self._take.sha, len(self._keys), *self._keys, *arguments)
            *others, taken = pipe.execute(raise_on_error=False)
        if isinstance(taken, NoScriptError):
            taken = self._take(self._keys, arguments)
        for answer in [taken] if taken else others:  # one that is full lets nobody wait, but gives what it has
            if isinstance(answer, ResponseError):
                raise answer
        return [Taken(f"{mark}{place}", raw) for place, raw in enumerate(taken, 1)]

    def let_go(self, tags: Sequence[str]) -> None:
        """These are settled, and are kept no longer."""
        with self._client.pipeline(transaction=False) as pipe:
            self._let_go(pipe, tags)
            pipe.execute()

    def give_back(self, tags: Sequence[str | bytes]) -> int:
        """Put those that are kept still where they are taken next; how many."""
        return int(self._give_back(self._keys, [*self._ends, *tags])) if tags else 0

    def _let_go(self, pipe: Any, tags: Sequence[str]) -> None:
        _, unacked, index = self._keys
        if tags:
            pipe.hdel(unacked, *tags).zrem(index, *tags)

    def _give_back_what_was_kept_too_long(self) -> None:
        if time.monotonic() >= self._next_look:
            self._next_look = time.monotonic() + GIVE_BACK_EVERY_S
            self.give_back(self._client.zrangebyscore(self._keys[2], 0, time.time() - self._kept_s))
