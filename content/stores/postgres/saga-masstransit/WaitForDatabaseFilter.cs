using MassTransit;

namespace Acme._1.Consumer.Stores;

/// <summary>A message waits here while the database is away, so that an outage costs no attempts.</summary>
internal sealed class WaitForDatabaseFilter<T>(PostgresDatabase database) : IFilter<ConsumeContext<T>>
    where T : class
{
    public async Task Send(ConsumeContext<T> context, IPipe<ConsumeContext<T>> next)
    {
        await using (await database.OpenWhenAvailableAsync(context.CancellationToken))
        {
            // It is there. The saga takes a connection of its own.
        }

        await next.Send(context);
    }

    public void Probe(ProbeContext context) => context.CreateFilterScope("waitForDatabase");
}
