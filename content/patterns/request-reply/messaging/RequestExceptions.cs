namespace Acme._1.Messaging;

/// <summary>Nobody is there to answer: no responder listens to this queue now.</summary>
public sealed class NoResponderException(string queue) : Exception($"Nobody answers requests at {queue} now.");

/// <summary>No answer came within <see cref="RequestOptions.Timeout"/>. Whether the request was handled is not known: ask again with the same message id.</summary>
public sealed class RequestTimeoutException(TimeSpan timeout) : Exception($"No answer came within {timeout}.");

/// <summary>The responder has failed at this request, and would fail again. The request is a dead letter there.</summary>
public sealed class RequestFailedException(string reason) : Exception(reason);
