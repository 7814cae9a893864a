using Acme._1.Contracts.V1;
using Acme._1.Messaging;
using QuoteRequested = Acme._1.Contracts.V2.QuoteRequested;

namespace Acme._1.Producer;

/// <summary>The service that knows the prices, somewhere behind the broker.</summary>
public interface IQuoteService
{
    /// <summary>Asks, and waits for the answer.</summary>
    /// <param name="request">What to quote.</param>
    /// <param name="messageId">Asked again with the same id, the answer is the same.</param>
    /// <param name="cancellationToken">Cancelled when the client has gone.</param>
    /// <exception cref="NoResponderException">Nobody is there to answer.</exception>
    /// <exception cref="RequestTimeoutException">No answer came in time.</exception>
    /// <exception cref="RequestFailedException">The request failed for good.</exception>
    /// <exception cref="BrokerUnavailableException">The broker did not take the request.</exception>
    /// <exception cref="MessageTooLargeException">The request exceeds <see cref="MessagingOptions.MaxMessageBytes"/>.</exception>
    Task<QuoteReply> AskAsync(QuoteRequested request, string messageId, CancellationToken cancellationToken);
}
