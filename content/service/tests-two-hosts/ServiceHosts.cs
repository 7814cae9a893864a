using Acme._1.Consumer;
using Acme._1.Producer;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Mvc.Testing;

namespace Acme._1.Tests;

/// <summary>The producer and the consumer: two hosts with nothing but the broker between them.</summary>
public sealed class ServiceHosts : IAsyncDisposable
{
    private readonly WebApplicationFactory<IOrderQueue> _producer;
    private readonly WebApplicationFactory<OrderProcessor> _consumer;

    public ServiceHosts(IReadOnlyDictionary<string, string?> settings)
    {
        // Any type of a host's assembly leads to its Program.
        _producer = new WebApplicationFactory<IOrderQueue>().WithWebHostBuilder(host => host.UseSettings(settings));
        _consumer = new WebApplicationFactory<OrderProcessor>().WithWebHostBuilder(host => host.UseSettings(settings));
        Producer = _producer.CreateClient();
        Consumer = _consumer.CreateClient();
    }

    public HttpClient Producer { get; }

    public HttpClient Consumer { get; }

    public IServiceProvider ConsumerServices => _consumer.Services;

    public async ValueTask DisposeAsync()
    {
        await _producer.DisposeAsync();
        await _consumer.DisposeAsync();
    }
}
