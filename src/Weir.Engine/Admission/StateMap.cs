using System.Collections;
using System.Collections.Immutable;
using System.Diagnostics.CodeAnalysis;

namespace Weir.Engine;

/// <summary>
/// An immutable map for what one account has. Most accounts have a handful of balances, and every decision makes a new map: up to
/// <see cref="MostInLine"/> entries stand in one array, which is copied whole; more of them in a tree.
/// </summary>
public sealed class StateMap<TKey, TValue> : IReadOnlyDictionary<TKey, TValue>
    where TKey : struct, IEquatable<TKey>
    where TValue : class
{
    /// <summary>Entries that are searched one after the other.</summary>
    public const int MostInLine = 16;

    public static readonly StateMap<TKey, TValue> Empty = new([], null);

    private readonly KeyValuePair<TKey, TValue>[] _few;
    private readonly ImmutableDictionary<TKey, TValue>? _many;

    private StateMap(KeyValuePair<TKey, TValue>[] few, ImmutableDictionary<TKey, TValue>? many)
    {
        _few = few;
        _many = many;
    }

    public int Count => _many?.Count ?? _few.Length;

    public bool IsEmpty => Count == 0;

    public IEnumerable<TKey> Keys => this.Select(pair => pair.Key);

    public IEnumerable<TValue> Values => this.Select(pair => pair.Value);

    public TValue this[TKey key] => TryGetValue(key, out TValue? value) ? value : throw new KeyNotFoundException($"There is no '{key}'.");

    /// <exception cref="ArgumentException">A key stands twice.</exception>
    public static StateMap<TKey, TValue> Of(IEnumerable<KeyValuePair<TKey, TValue>> entries)
    {
        Builder builder = Empty.ToBuilder();
        foreach ((TKey key, TValue value) in entries)
        {
            builder.Add(key, value);
        }

        return builder.ToImmutable();
    }

    public bool ContainsKey(TKey key) => TryGetValue(key, out _);

    public bool TryGetValue(TKey key, [MaybeNullWhen(false)] out TValue value)
    {
        if (_many is not null)
        {
            return _many.TryGetValue(key, out value);
        }

        foreach (ref readonly KeyValuePair<TKey, TValue> pair in _few.AsSpan())
        {
            if (pair.Key.Equals(key))
            {
                value = pair.Value;
                return true;
            }
        }

        value = null;
        return false;
    }

    public TValue? GetValueOrDefault(TKey key) => TryGetValue(key, out TValue? value) ? value : null;

    /// <exception cref="ArgumentException">The key is there already.</exception>
    public StateMap<TKey, TValue> Add(TKey key, TValue value)
    {
        Builder builder = ToBuilder();
        builder.Add(key, value);
        return builder.ToImmutable();
    }

    public StateMap<TKey, TValue> SetItem(TKey key, TValue value)
    {
        Builder builder = ToBuilder();
        builder[key] = value;
        return builder.ToImmutable();
    }

    public StateMap<TKey, TValue> SetItems(IEnumerable<KeyValuePair<TKey, TValue>> entries)
    {
        Builder builder = ToBuilder();
        foreach ((TKey key, TValue value) in entries)
        {
            builder[key] = value;
        }

        return builder.ToImmutable();
    }

    public StateMap<TKey, TValue> Remove(TKey key) => ContainsKey(key) ? RemoveRange([key]) : this;

    public StateMap<TKey, TValue> RemoveRange(IEnumerable<TKey> keys)
    {
        if (_many is not null)
        {
            ImmutableDictionary<TKey, TValue> rest = _many.RemoveRange(keys);
            return ReferenceEquals(rest, _many) ? this : rest.Count <= MostInLine ? new StateMap<TKey, TValue>([.. rest], null) : new StateMap<TKey, TValue>([], rest);
        }

        HashSet<TKey> gone = [.. keys];
        KeyValuePair<TKey, TValue>[] kept = gone.Count == 0 ? _few : Array.FindAll(_few, pair => !gone.Contains(pair.Key));
        return kept.Length == _few.Length ? this : new StateMap<TKey, TValue>(kept, null);
    }

    public Builder ToBuilder() => new(this);

    public IEnumerator<KeyValuePair<TKey, TValue>> GetEnumerator() =>
        _many is null ? ((IEnumerable<KeyValuePair<TKey, TValue>>)_few).GetEnumerator() : _many.GetEnumerator();

    IEnumerator IEnumerable.GetEnumerator() => GetEnumerator();

    /// <summary>Changes on the way to the next map.</summary>
    public sealed class Builder
    {
        private KeyValuePair<TKey, TValue>[] _few;
        private int _count;
        private ImmutableDictionary<TKey, TValue>.Builder? _many;

        internal Builder(StateMap<TKey, TValue> map)
        {
            _many = map._many?.ToBuilder();
            // Without room to spare: nearly every change replaces what is there, and then this is the next map's array.
            _few = [.. map._few];
            _count = _few.Length;
        }

        public TValue this[TKey key]
        {
            set
            {
                if (_many is not null)
                {
                    _many[key] = value;
                    return;
                }

                int index = IndexOf(key);
                if (index >= 0)
                {
                    _few[index] = KeyValuePair.Create(key, value);
                }
                else
                {
                    Append(key, value);
                }
            }
        }

        public void Add(TKey key, TValue value)
        {
            if (_many is not null)
            {
                _many.Add(key, value);
            }
            else if (IndexOf(key) >= 0)
            {
                throw new ArgumentException($"'{key}' is there already.", nameof(key));
            }
            else
            {
                Append(key, value);
            }
        }

        public bool TryGetValue(TKey key, [MaybeNullWhen(false)] out TValue value)
        {
            if (_many is not null)
            {
                return _many.TryGetValue(key, out value);
            }

            int index = IndexOf(key);
            value = index >= 0 ? _few[index].Value : null;
            return index >= 0;
        }

        public void Remove(TKey key)
        {
            if (_many is not null)
            {
                _many.Remove(key);
            }
            else if (IndexOf(key) is >= 0 and int index)
            {
                _few.AsSpan(index + 1, _count - index - 1).CopyTo(_few.AsSpan(index));
                _count--;
            }
        }

        /// <summary>The map. The builder is spent.</summary>
        public StateMap<TKey, TValue> ToImmutable()
        {
            if (_many is { Count: > MostInLine })
            {
                return new StateMap<TKey, TValue>([], _many.ToImmutable());
            }

            KeyValuePair<TKey, TValue>[] few = _few;
            if (_many is not null)
            {
                few = [.. _many];
            }
            else if (_count != few.Length)
            {
                few = few.AsSpan(0, _count).ToArray();
            }

            return few.Length == 0 ? Empty : new StateMap<TKey, TValue>(few, null);
        }

        private void Append(TKey key, TValue value)
        {
            if (_count == MostInLine)
            {
                _many = ImmutableDictionary.CreateBuilder<TKey, TValue>();
                _many.AddRange(_few.AsSpan(0, _count).ToArray());
                _many.Add(key, value);
                return;
            }

            if (_count == _few.Length)
            {
                Array.Resize(ref _few, Math.Max(4, _count * 2));
            }

            _few[_count++] = KeyValuePair.Create(key, value);
        }

        private int IndexOf(TKey key)
        {
            for (int i = 0; i < _count; i++)
            {
                if (_few[i].Key.Equals(key))
                {
                    return i;
                }
            }

            return -1;
        }
    }
}
