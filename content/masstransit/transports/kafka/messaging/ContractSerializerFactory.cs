using System.Net.Mime;
using System.Text.Json;
using System.Text.Json.Serialization.Metadata;
using Acme._1.Contracts;
using Confluent.Kafka;
using MassTransit.KafkaIntegration.Serializers;

namespace Acme._1.Messaging;

/// <summary>Makes MassTransit write the JSON of the contracts, by the code that they generate.</summary>
internal sealed class ContractSerializerFactory : IKafkaSerializerFactory
{
    private readonly DefaultKafkaSerializerFactory _others = new();

    public ContentType ContentType => _others.ContentType;

    public IDeserializer<T> GetDeserializer<T>() => _others.GetDeserializer<T>();

    public IAsyncSerializer<T> GetSerializer<T>() =>
        MessageTypes.All.FirstOrDefault(type => type.Json.Type == typeof(T)) is { } type
            ? new ContractSerializer<T>((JsonTypeInfo<T>)type.Json)
            : _others.GetSerializer<T>();

    private sealed class ContractSerializer<T>(JsonTypeInfo<T> json) : IAsyncSerializer<T>
    {
        public Task<byte[]> SerializeAsync(T data, SerializationContext context) => Task.FromResult(JsonSerializer.SerializeToUtf8Bytes(data, json));
    }
}
