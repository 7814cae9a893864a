using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Mvc.Testing;

namespace Acme._1.Tests;

/// <summary>The producer and the consumer: two hosts with nothing but the broker between them.</summary>
public sealed class ServiceHosts : IAsyncDisposable
{
    private readonly IReadOnlyDictionary<string, string?> _settings;
    private readonly WebApplicationFactory<ProducerEntryPoint> _producer;
    private WebApplicationFactory<ConsumerEntryPoint> _consumer;

    public ServiceHosts(IReadOnlyDictionary<string, string?> settings)
    {
        _settings = settings;
        _producer = new WebApplicationFactory<ProducerEntryPoint>().WithWebHostBuilder(host => host.UseSettings(settings));
        Producer = _producer.CreateClient();
        _consumer = CreateConsumer();
        Consumer = _consumer.CreateClient();
    }

    public HttpClient Producer { get; }

    public HttpClient Consumer { get; private set; }

    public IServiceProvider ProducerServices => _producer.Services;

    public IServiceProvider ConsumerServices => _consumer.Services;

    /// <summary>Runs this while there is no consumer, and then starts one again.</summary>
    public async Task WithoutConsumerAsync(Func<Task> action)
    {
        await _consumer.DisposeAsync();
        try
        {
            await action();
        }
        finally
        {
            _consumer = CreateConsumer();
            Consumer = _consumer.CreateClient();
        }
    }

    public async ValueTask DisposeAsync()
    {
        await _producer.DisposeAsync();
        await _consumer.DisposeAsync();
    }

    private WebApplicationFactory<ConsumerEntryPoint> CreateConsumer() =>
        new WebApplicationFactory<ConsumerEntryPoint>().WithWebHostBuilder(host => host.UseSettings(_settings));
}
