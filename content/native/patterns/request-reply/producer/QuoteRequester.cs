using Acme._1.Contracts.V1;
using Acme._1.Messaging;
using QuoteRequested = Acme._1.Contracts.V2.QuoteRequested;

namespace Acme._1.Producer;

public static class QuoteRequester
{
    /// <summary>Adds what it takes to ask for quotes.</summary>
    public static void AddQuoteRequester(this IHostApplicationBuilder builder)
    {
        builder.AddMessaging().AddRequestClient<QuoteRequested, QuoteReply>();
        builder.Services.AddSingleton<IQuoteService, BrokerQuoteService>();
    }
}
