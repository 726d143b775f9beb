"""The exception of deliveries. Its message is one sentence, or two, that say what is wrong and what to do."""

from orchestration.errors import ExplainedError


class DeliveryError(ExplainedError):
    """Events cannot be delivered. The next run continues after the last ones that were."""
