using Acme._1.Messaging.Kafka;
using Confluent.Kafka;
using MassTransit;
using MassTransit.DependencyInjection;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Options;

namespace Acme._1.Messaging;

/// <summary>
/// MassTransit's Kafka rider. It reads topics and produces to them; by itself it drops a message whose consumer fails, and
/// knows neither retries with a delay nor dead letters. Those are here, with the client that the rider is built on.
/// </summary>
internal static class Broker
{
    /// <summary>What traces call it.</summary>
    public const string TelemetryName = "kafka";

    /// <summary>
    /// Each offset is committed by itself, and at once: one that is left for when its consumer closes may not be committed any
    /// more, and the consumer then never gets done with closing. The rider's own choice is 5,000, or a minute.
    /// </summary>
    public const int CheckpointMessageCount = 1;

    /// <summary>The longest that the client accepts.</summary>
    private static readonly TimeSpan MaxPollInterval = TimeSpan.FromDays(1);

    /// <summary>Keeps what failed for good.</summary>
    public static IFilter<ExceptionReceiveContext> CreateErrorFilter(IServiceProvider services) =>
        ActivatorUtilities.CreateInstance<KafkaErrorFilter>(services);

    /// <summary>Why the broker cannot be reached, or null. The rider knows about its endpoints only, and does not say what is wrong.</summary>
    public static Task<string?> FindProblemAsync(IServiceProvider services, CancellationToken cancellationToken) =>
        Task.FromResult(services.GetRequiredService<KafkaConnection>().Problem);

    /// <summary>The topic does not tell: all subscribers of a topic read the same one. Their groups do.</summary>
    public static string QueueOf(ReceiveContext message) => message.GetPayload<KafkaConsumeContext>().GroupId;

    public static void AddKafka(this IServiceCollection services)
    {
        services.AddOptions<KafkaOptions>().BindConfiguration(KafkaOptions.Section).ValidateDataAnnotations().ValidateOnStart();
        services.AddSingleton<KafkaClients>();
        services.AddSingleton(provider => provider.GetRequiredService<KafkaClients>().CreateAdmin());
        services.AddSingleton(FindQueues);
        services.AddSingleton<KafkaTopology>();
        services.AddSingleton<KafkaConnection>();
        services.AddSingleton<KafkaProducer>();
        services.AddSingleton<KafkaCopies>();
        services.AddSingleton<IRetryQueue, KafkaRetryQueue>();
        services.AddSingleton<IDeadLetterQueue, KafkaDeadLetterQueue>();

        // One for each who reads: a consumer can be at one place only.
        services.AddTransient<KafkaTopicReader>();
        services.AddSingleton<KafkaStarts>();
        services.AddSingleton<KafkaCrashGuard>();
        services.AddSingleton(provider => new ConfirmedPublisher(
            provider.GetRequiredService<IKafkaRider>,
            provider.GetRequiredService<KafkaConnection>(),
            provider.GetRequiredService<IOptions<MessagingOptions>>()));

        // One for all probes: it remembers since when. Without this each probe would get one of its own.
        services.AddSingleton(provider => new RiderLivenessCheck(
            () => provider.GetRequiredService<KafkaConnection>().Problem, provider.GetRequiredService<TimeProvider>()));
        services.AddHealthChecks().AddCheck<RiderLivenessCheck>("rider", tags: ["live"]);

        services.AddHostedService(provider => provider.GetRequiredService<KafkaConnection>());
        services.AddHostedService(provider => provider.GetRequiredService<KafkaCrashGuard>());
        services.AddHostedService<KafkaRetryForwarder>();

        // This is where the rider looks for it.
        services.AddSingleton(provider => provider.GetRequiredService<KafkaClients>().RiderSettings());
    }

    public static void UsingBroker(this IRiderRegistrationConfigurator rider) => rider.UsingKafka((context, kafka) =>
    {
        kafka.SetSerializationFactory(new ContractSerializerFactory());

        // A rider has no ConfigureEndpoints: it cannot know which topics there are. We do.
        var queues = context.GetRequiredService<KafkaQueues>().All.ToDictionary(queue => queue.Name);
        foreach (var consumers in context.GetConsumersByQueue())
        {
            foreach (var topic in queues[consumers.Key].Topics)
            {
                kafka.AddEndpoint(context, topic, consumers.Key, endpoint =>
                {
                    foreach (var consumer in consumers)
                    {
                        context.ConfigureConsumer(consumer.Type, endpoint);
                    }
                });
            }
        }
    });

    private static void AddEndpoint(
        this IKafkaFactoryConfigurator kafka,
        IRiderRegistrationContext context,
        string topic,
        string queue,
        Action<IKafkaTopicReceiveEndpointConfigurator> configure)
    {
        var options = context.GetRequiredService<IOptions<MessagingOptions>>().Value;
        var partitions = context.GetRequiredService<IOptions<KafkaOptions>>().Value.Partitions;

        // One message at a time for each of these, and each gets partitions of its own. Why not ConcurrentMessageLimit, by
        // which one handles several keys side by side: when it stops with a message unfinished and later ones done, the
        // rider commits the later ones, and the unfinished is lost.
        var lanes = Math.Min(options.Concurrency, partitions);

        // Each of them blocks a thread of the pool, and another one while it commits. The pool would add these one by one, and the
        // rider does not bear it when a consumer is told to stop before it has a thread.
        ThreadPool.GetMinThreads(out var workers, out var ports);
        ThreadPool.SetMinThreads(workers + (2 * lanes), ports);

        var settings = context.GetRequiredService<KafkaClients>().RiderConsumerSettings(queue, lanes);
        var liveness = context.GetRequiredService<RiderLivenessCheck>();
        kafka.TopicEndpoint<byte[], KafkaRecord>(topic, settings, endpoint =>
        {
            endpoint.AddDependency(context.GetRequiredService<KafkaConnection>());
            endpoint.ConnectReceiveEndpointObserver(ActivatorUtilities.CreateInstance<KafkaServers>(context, topic, settings));
            endpoint.SetStatisticsHandler(_ => liveness.NoteRead(topic));
            endpoint.SetValueDeserializer(new KafkaRecord.Deserializer());
            endpoint.ConcurrentConsumerLimit = (ushort)lanes;
            endpoint.ConcurrentMessageLimit = 1;

            // What is taken and not begun is never done when a consumer stops, and a rebalance that waits for it then waits for
            // ever. So nothing is: the client has the next messages at hand anyway.
            endpoint.PrefetchCount = 1;
            endpoint.CheckpointMessageCount = CheckpointMessageCount;

            // Those that wait for a commit to come back; by itself the rider would handle 10,000 meanwhile.
            endpoint.MessageLimit = (ushort)options.Prefetch;

            // The rider fetches no further while it waits for a handler, which must not look as if it had died.
            var patience = options.HandlerTimeout + TimeSpan.FromMinutes(5);
            endpoint.MaxPollInterval = patience < MaxPollInterval ? patience : MaxPollInterval;

            endpoint.ConfigureReceive(pipe =>
            {
                pipe.UseFilter(liveness);
                pipe.UseFilter(new ContractFilter());
            });
            endpoint.UseFilter(context.GetRequiredService<KafkaCrashGuard>());
            configure(endpoint);
        });
    }

    private static KafkaQueues FindQueues(IServiceProvider services)
    {
        var context = services.GetRequiredService<Bind<IBus, IKafkaRider, IRiderRegistrationContext>>().Value;
        return new(
            [.. context.GetConsumersByQueue().Select(consumers => KafkaQueue.Of(consumers.Key, consumers.SelectMany(consumer => consumer.GetTopics())))],
            () => services.GetRequiredService<MessagesInFlight>().Count);
    }
}
