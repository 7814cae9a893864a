namespace Acme._1.Messaging;

/// <summary>Asks, and waits for the answer.</summary>
/// <typeparam name="TRequest">The request; it goes to the destination that <c>MessageTypes</c> names for it.</typeparam>
/// <typeparam name="TReply">The answer, or what all possible answers have in common.</typeparam>
public interface IRequestClient<in TRequest, TReply>
    where TRequest : class
    where TReply : class
{
    /// <param name="messageId">Ask again with the same id, and the responder knows that it is the same request.</param>
    /// <exception cref="NoResponderException">Nobody is there to answer.</exception>
    /// <exception cref="RequestTimeoutException">No answer came within <see cref="RequestOptions.Timeout"/>.</exception>
    /// <exception cref="RequestFailedException">The responder has failed, for good.</exception>
    /// <exception cref="BrokerUnavailableException">The broker did not take the request within <see cref="MessagingOptions.PublishTimeout"/>.</exception>
    /// <exception cref="MessageTooLargeException">The payload exceeds <see cref="MessagingOptions.MaxMessageBytes"/>.</exception>
    Task<TReply> AskAsync(TRequest request, string messageId, CancellationToken cancellationToken);
}
