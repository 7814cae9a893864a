using Acme._1.Messaging;
using MassTransit;

namespace Acme._1.Consumer;

public static class QuoteResponder
{
    /// <summary>Adds what it takes to answer requests for quotes.</summary>
    public static void AddQuoteResponder(this IHostApplicationBuilder builder)
    {
        builder.Services.AddOptions<PriceListOptions>().BindConfiguration(PriceListOptions.Section).ValidateDataAnnotations().ValidateOnStart();
        builder.Services.AddSingleton<PriceList>();
        builder.Services.AddScoped<QuoteDesk>();
        builder.Services.AddSingleton<FailureSimulation>();

        builder.AddMessaging(bus => bus.AddConsumer<QuoteRequestedConsumer, QuoteRequestedConsumerDefinition>());
    }
}
