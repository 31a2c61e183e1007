"""Who hears of what, and what rests on what, as configured: for people who ask why."""

from monitor.core.duty import Labels, MatchOp
from monitor.core.labels import LABELS, supposed
from monitor.core.matching import make_matcher
from monitor.core.routes import explain
from monitor.web import asked, duty_answers, duty_views
from monitor.web.acts import invalid
from monitor.web.guard import Refusal
from monitor.web.house import House
from monitor.web.operations import Asked, Nothing, Operation, Operations, Reply, no_body

__all__ = ["RoutesApi"]


class RoutesApi:
    """The handlers."""

    def __init__(self, house: House) -> None:
        self._house = house

    def operations(self) -> Operations:
        """The table."""
        return [
            Operation(
                method="GET", path="/api/v1/routes/explain", id="explain_route", tag="routes",
                summary="The way of a message through the tree of routes, with why and why not.", serve=self.explain,
                query=asked.Explain, body=no_body, refusals={404: ("unknown_channel", "no_routes"), 422: ("invalid",)},
                answers={200: Reply("Every route that was tried.", duty_answers.Explained)},
            ),
            Operation(
                method="GET", path="/api/v1/dependencies", id="dependencies", tag="routes",
                summary="The declared dependencies.", serve=self.dependencies, query=Nothing, body=no_body,
                answers={200: Reply("The nodes that something rests on.", duty_answers.DependencyList)},
            ),
            Operation(
                method="GET", path="/api/v1/maintenance", id="maintenance", tag="routes",
                summary="Our own maintenance: the window that is open, and the next.", serve=self.maintenance,
                query=Nothing, body=no_body, answers={200: Reply("Each of them.", duty_answers.MaintenanceList)},
            ),
        ]  # fmt: skip

    async def explain(self, request: Asked[asked.Explain, None]) -> duty_answers.Explained:
        """The way through the tree."""
        query, rules = request.query, self._house.rules
        if rules.route is None:
            raise Refusal(404, "no_routes", "No routes are configured, so nobody is told of anything.")
        at = query.at or self._house.now()
        labels = self._labels(query)
        visits = explain(rules.route, labels, rules.intervals, at)
        return duty_views.explained(rules, labels, visits, at)

    def _labels(self, query: asked.Explain) -> Labels:
        said = {name: getattr(query, name) for name in LABELS}
        rule = self._house.rules.channels.get(query.channel)
        if query.channel and rule is None:
            raise Refusal(404, "unknown_channel", "No channel of this id is watched.")
        given = {
            name: tuple(t.strip() for t in text.split(",") if t.strip()) if name == "tags" else (text,)
            for name, text in said.items()
            if text
        }
        for name, values in given.items():
            for value in values:
                try:
                    make_matcher(name, MatchOp.EQUAL, value)
                except ValueError as fault:
                    raise invalid(str(fault)) from fault
        return supposed(given, rule)

    async def dependencies(self, _request: Asked[Nothing, None]) -> duty_answers.DependencyList:
        """The declared graph."""
        return duty_views.dependencies(self._house.rules)

    async def maintenance(self, _request: Asked[Nothing, None]) -> duty_answers.MaintenanceList:
        """Our own work."""
        now = self._house.now()
        found = self._house.rules.maintenance
        return duty_answers.MaintenanceList([duty_views.maintenance(each, now) for each in found])
