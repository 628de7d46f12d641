"""A timer for what is done in each cell."""

from nameko.timer import Timer

from services.process import cells
from services.process.settings import SETTINGS_KEY


class CellTimer(Timer):
    """Runs a method with the name of each cell, at an interval.

    Each cell has a timer of its own, so one that does not answer holds up no other. Where there is
    but the first cell it is an ordinary timer.
    """

    cell = cells.FIRST

    def setup(self) -> None:
        """Make the timers of the other cells."""
        self._others = [self._of(cell) for cell in self.container.config[SETTINGS_KEY].cells]

    def start(self) -> None:
        """Begin in all cells."""
        super().start()
        for timer in self._others:
            Timer.start(timer)

    def stop(self) -> None:
        """End in all cells, when what is being done there is done."""
        super().stop()
        for timer in self._others:
            Timer.stop(timer)

    def kill(self) -> None:
        """End in all cells at once."""
        super().kill()
        for timer in self._others:
            Timer.kill(timer)

    def handle_timer_tick(self) -> None:
        """Run the method in a worker."""
        self.container.spawn_worker(self, (self.cell,), {}, handle_result=self.handle_result)

    def _of(self, cell: str) -> "CellTimer":
        timer = CellTimer(interval=self.interval, eager=self.eager)
        # not by bind(), which takes no proxy of a container, as extensions have one
        timer.container, timer.method_name = self.container, self.method_name
        timer.cell = cell
        return timer


cell_timer = CellTimer.decorator
