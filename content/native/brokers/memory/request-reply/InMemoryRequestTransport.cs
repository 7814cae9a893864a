using Acme._1.Contracts;
using Acme._1.Messaging.InMemory;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.DependencyInjection.Extensions;

namespace Acme._1.Messaging;

internal static class InMemoryRequests
{
    public static void AddRequestTransport(this IServiceCollection services) =>
        services.TryAddSingleton<IRequestTransport, InMemoryRequestTransport>();
}

/// <summary>Requests go through the queue like other messages; the way back is a call, for both sides are in one process.</summary>
internal sealed class InMemoryRequestTransport(InMemoryBroker broker, HandlerRegistry registry, PendingRequests pending) : IRequestTransport
{
    private const string Here = "here";

    public Task SendRequestAsync(Destination destination, Envelope request, CancellationToken cancellationToken) =>
        registry.Queues.Contains(destination.Name)
            ? broker.SendAsync(destination, request with { ReplyTo = Here }, cancellationToken)
            : throw new NoResponderException(destination.Name);

    public Task SendReplyAsync(string replyTo, Envelope reply, CancellationToken cancellationToken)
    {
        pending.Complete(EnvelopeHeaders.Write(reply), reply.Data);
        return Task.CompletedTask;
    }
}
