"""``python -m workers.capsule DIR``."""

from workers.capsule.command import main

if __name__ == "__main__":
    main()
