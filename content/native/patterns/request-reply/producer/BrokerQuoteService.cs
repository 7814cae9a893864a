using Acme._1.Contracts.V1;
using Acme._1.Messaging;
using QuoteRequested = Acme._1.Contracts.V2.QuoteRequested;

namespace Acme._1.Producer;

internal sealed class BrokerQuoteService(IRequestClient<QuoteRequested, QuoteReply> client) : IQuoteService
{
    public Task<QuoteReply> AskAsync(QuoteRequested request, string messageId, CancellationToken cancellationToken) =>
        client.AskAsync(request, messageId, cancellationToken);
}
