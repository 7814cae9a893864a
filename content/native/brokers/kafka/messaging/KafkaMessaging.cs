using Acme._1.Messaging.Kafka;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;

namespace Acme._1.Messaging;

internal static class KafkaMessaging
{
    public static void AddTransport(this IHostApplicationBuilder builder)
    {
        var services = builder.Services;
        services.AddOptions<KafkaOptions>().BindConfiguration(KafkaOptions.Section).ValidateDataAnnotations().ValidateOnStart();
        services.AddSingleton<KafkaClients>();
        services.AddSingleton(provider => provider.GetRequiredService<KafkaClients>().CreateAdmin());
        services.AddSingleton<KafkaTopology>();
        services.AddSingleton<KafkaConnection>();
        services.AddSingleton(FindQueues);
        services.AddSingleton<KafkaProducer>();
        services.AddSingleton<KafkaCopies>();
        services.AddSingleton<ITransport, KafkaTransport>();

        // One for each who reads: a consumer can be at one place only.
        services.AddTransient<KafkaTopicReader>();
        services.AddSingleton<KafkaStarts>();
        services.AddSingleton<KafkaQuarantine>();
        services.AddSingleton<KafkaReceiver>();
        services.AddSingleton<IDeadLetterQueue, KafkaDeadLetterQueue>();

        services.AddHostedService(provider => provider.GetRequiredService<KafkaConnection>());
        services.AddHostedService<KafkaProducerOpener>();
        services.AddHostedService(provider => provider.GetRequiredService<KafkaReceiver>());

        services.AddHealthChecks().AddCheck<KafkaHealthCheck>("broker", tags: ["ready"]);
    }

    private static KafkaQueues FindQueues(IServiceProvider services)
    {
        var registry = services.GetRequiredService<HandlerRegistry>();
        var subscriptions = registry.Subscriptions.ToLookup(subscription => subscription.Queue, subscription => subscription.Topic);
        return new(
            [.. registry.Queues.Union(subscriptions.Select(queue => queue.Key)).Select(queue => KafkaQueue.Of(queue, subscriptions[queue]))],
            () => services.GetRequiredService<MessagePump>().InFlight);
    }
}
