using Acme._1.Contracts.V2;
using Acme._1.Messaging;

namespace Acme._1.Producer;

public static class QuoteRequester
{
    /// <summary>Adds what it takes to ask for quotes.</summary>
    public static void AddQuoteRequester(this IHostApplicationBuilder builder)
    {
        builder.AddMessaging(bus => bus.AddRequester<QuoteRequested>());
        builder.Services.AddScoped<IQuoteService, MassTransitQuoteService>();
    }
}
