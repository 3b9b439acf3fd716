"""An environment of one's own in two versions, as its author writes it: one file."""

POLE = '''
"""CartPole with a pole of its own length."""

from gymnasium.envs.classic_control import CartPoleEnv


class Pole(CartPoleEnv):
    def __init__(self, **options):
        super().__init__(**options)
        self.length = {length}
        self.polemass_length = self.masspole * self.length
'''


def pole(length: float) -> str:
    """The file of a version."""
    return POLE.format(length=length)


DYING = """
    def step(self, action):
        if os.environ.get("FTG_FUNCTION") == "rollout":
            os._exit(7)
        return super().step(action)
"""


def dying() -> str:
    """A version that passes start-run's check, and ends the process of a rollout."""
    return pole(0.5).replace("Env\n\n", "Env\n\nimport os\n", 1) + DYING
