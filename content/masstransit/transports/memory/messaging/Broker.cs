using Acme._1.Messaging.InMemory;
using MassTransit;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.DependencyInjection.Extensions;
using Microsoft.Extensions.Options;

namespace Acme._1.Messaging;

/// <summary>MassTransit's in-memory transport: for trying things out and for fast tests. What it holds is gone when the process ends.</summary>
internal static class Broker
{
    /// <summary>What traces call it.</summary>
    public const string TelemetryName = "in_memory";

    /// <summary>Keeps what failed for good.</summary>
    public static IFilter<ExceptionReceiveContext> CreateErrorFilter(IServiceProvider services) => services.GetRequiredService<InMemoryDeadLetters>();

    public static void UsingBroker(this IBusRegistrationConfigurator bus)
    {
        bus.TryAddSingleton<InMemoryRetryQueue>();
        bus.TryAddSingleton<IRetryQueue>(provider => provider.GetRequiredService<InMemoryRetryQueue>());
        bus.TryAddSingleton<InMemoryDeadLetters>();
        bus.TryAddSingleton<IDeadLetterQueue, InMemoryDeadLetterQueue>();

        // There is no broker to wait for, and a queue must exist before the first message is sent to it.
        bus.AddOptions<MassTransitHostOptions>().Configure(host => host.WaitUntilStarted = true);

        bus.UsingInMemory((context, memory) =>
        {
            var options = context.GetRequiredService<IOptions<MessagingOptions>>().Value;
            memory.UseContracts();
            memory.PrefetchCount = options.Prefetch;
            memory.ConcurrentMessageLimit = options.Concurrency;
            memory.ConfigureEndpoints(context);
        });
    }
}
