using MassTransit;

namespace Acme._1.Messaging.RabbitMq;

/// <summary>Ends the publishing of a message that RabbitMQ will never take; MassTransit would try again and again.</summary>
internal sealed class OversizedMessageObserver : IPublishObserver
{
    public Task PrePublish<T>(PublishContext<T> context)
        where T : class => Task.CompletedTask;

    public Task PostPublish<T>(PublishContext<T> context)
        where T : class => Task.CompletedTask;

    public Task PublishFault<T>(PublishContext<T> context, Exception exception)
        where T : class
    {
        if (context.TryGetPayload(out PublishAttempt? attempt) && OversizedMessage.Find(exception, context.BodyLength ?? 0) is { } refusal)
        {
            attempt.GiveUp(refusal);
        }

        return Task.CompletedTask;
    }
}
