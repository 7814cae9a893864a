using Acme._1.Contracts.V1;
using Acme._1.Messaging;
using QuoteRequested = Acme._1.Contracts.V2.QuoteRequested;

namespace Acme._1.Producer;

internal sealed class MassTransitQuoteService(Requester<QuoteRequested> requester) : IQuoteService
{
    public async Task<QuoteReply> AskAsync(QuoteRequested request, string messageId, CancellationToken cancellationToken)
    {
        var answer = await requester.AskAsync<QuoteGiven, QuoteRejected>(request, messageId, cancellationToken);
        return (QuoteReply)answer.Message;
    }
}
