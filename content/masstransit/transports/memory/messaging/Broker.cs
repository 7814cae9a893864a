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

    /// <summary>It cannot be away.</summary>
    public static Task<string?> FindProblemAsync(IServiceProvider _, CancellationToken cancellationToken) => Task.FromResult<string?>(null);

    /// <summary>Nothing is set aside here.</summary>
    public static string QueueOf(ReceiveContext message) => Uri.UnescapeDataString(message.InputAddress.Segments[^1]);

    public static void UsingBroker(this IBusRegistrationConfigurator bus)
    {
        bus.TryAddSingleton<InMemoryRetryQueue>();
        bus.TryAddSingleton<IRetryQueue>(provider => provider.GetRequiredService<InMemoryRetryQueue>());
        bus.TryAddSingleton<InMemoryDeadLetters>();
        bus.TryAddSingleton<IDeadLetterQueue, InMemoryDeadLetterQueue>();
        bus.TryAddSingleton<InMemoryQueueDepth>();

        // There is no broker to wait for, and a queue must exist before the first message is sent to it.
        bus.AddOptions<MassTransitHostOptions>().Configure(host => host.WaitUntilStarted = true);

        bus.UsingInMemory((context, memory) =>
        {
            var options = context.GetRequiredService<IOptions<MessagingOptions>>().Value;
            memory.UseContracts();
            memory.PublishTopology.ConnectPublishTopologyConfigurationObserver(new TopicExchanges());
            memory.PrefetchCount = options.Prefetch;
            memory.ConcurrentMessageLimit = options.Concurrency;

            var depth = context.GetRequiredService<InMemoryQueueDepth>();
            memory.ConnectPublishObserver(depth);
            memory.ConnectSendObserver(depth);
            memory.ConnectReceiveObserver(depth);

            memory.ConfigureEndpoints(context);
            foreach (var queue in context.GetAddedQueues())
            {
                memory.ReceiveEndpoint(queue.Name, endpoint => queue.Configure(endpoint, context));
            }
        });
    }
}
