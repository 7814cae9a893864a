namespace Acme._1.Messaging;

/// <summary>The broker did not confirm in time, or cannot be reached. Nothing is known to be sent: try again with the same message id.</summary>
public sealed class BrokerUnavailableException(string message, Exception? innerException = null) : Exception(message, innerException);

/// <summary>The message exceeds <c>Messaging:MaxMessageBytes</c> (bytes of payload) and was not sent.</summary>
public sealed class MessageTooLargeException(int size, int limit)
    : Exception($"The message has {size} bytes; the limit is {limit}.");

/// <summary>
/// Base of the failures that no retry can mend: an invalid, malformed or unknown message.
/// The message goes to the dead-letter queue at once. Every other exception counts as transient.
/// </summary>
public class PermanentFailureException(string message, Exception? innerException = null) : Exception(message, innerException);
