//! Short messages of a column, laid out side by side in whole blocks, so that their blocks meet the block cipher together.

use aes::Block;
use zeroize::Zeroize;

use super::block::load_le;

/// How many messages a group takes.
const MESSAGES: usize = 128;
/// Up to so many bytes a message is short. Longer ones fill the cipher alone.
pub(crate) const SHORT: usize = 1_024;
/// Blocks that a message may take beside its text: associated data of its own, lengths, filling.
const BESIDE: usize = 24;
/// Room of a group: its messages never move while it holds them.
const ROOM: usize = 1_024;

/// Messages on their way through a cipher. Wiped when dropped.
pub(crate) struct Group {
    /// For each message what its cipher lays out: associated data, text, lengths. A block is the number whose least significant byte is
    /// the first one.
    pub(super) blocks: Vec<u128>,
    /// What goes through the block cipher: counters that become key streams, states.
    pub(super) stream: Vec<Block>,
    pub(super) messages: Vec<Message>,
    /// For each message what its cipher hashed it to.
    pub(super) hashes: Vec<u128>,
}

/// A message's share of the blocks; they follow one another.
#[derive(Clone, Copy)]
pub(super) struct Message {
    /// Blocks of zeros in front, which fill up what the hash takes together.
    pub(super) fill: usize,
    /// Blocks before its text, these included.
    pub(super) before: usize,
    /// Bytes of its text.
    pub(super) len: usize,
    /// Blocks after its text.
    pub(super) after: usize,
    /// What its cipher keeps of it: nonce, tag or synthetic vector.
    pub(super) mark: u128,
}

impl Message {
    /// All of its blocks.
    pub(super) const fn blocks(&self) -> usize {
        self.before + text_blocks(self.len) + self.after
    }

    /// Those of its text.
    pub(super) fn text_of<'a>(&self, blocks: &'a mut [u128]) -> &'a mut [u128] {
        let end = self.before + text_blocks(self.len);
        blocks.get_mut(self.before..end).unwrap_or_default()
    }
}

impl Group {
    /// An empty group for a column of so many rows.
    pub(crate) fn new(rows: usize) -> Self {
        let most = SHORT / 16 + 1 + BESIDE;
        let room = ROOM.min(rows.saturating_mul(most));
        Self {
            blocks: Vec::with_capacity(room),
            stream: Vec::with_capacity(room),
            messages: Vec::with_capacity(MESSAGES.min(rows)),
            hashes: Vec::with_capacity(MESSAGES.min(rows)),
        }
    }

    /// How many messages there are.
    pub(crate) fn len(&self) -> usize {
        self.messages.len()
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.messages.is_empty()
    }

    /// Whether another short message of so many bytes, with so many of associated data of its own, has room.
    pub(crate) fn takes(&self, text: usize, own: usize) -> bool {
        let blocks = text / 16 + own / 16 + 6;
        self.messages.len() < MESSAGES
            && self.blocks.len() + blocks <= self.blocks.capacity()
            && self.stream.len() + blocks <= self.stream.capacity()
    }

    /// Forgets the messages; their bytes are overwritten by the next ones, or wiped in the end.
    pub(super) fn clear(&mut self) {
        self.blocks.clear();
        self.stream.clear();
        self.messages.clear();
    }

    pub(super) fn push(&mut self, number: u128) {
        self.blocks.push(number);
    }

    /// Lays out bytes, with zeros after their end.
    pub(super) fn push_bytes(&mut self, bytes: &[u8]) {
        let (whole, rest) = bytes.as_chunks::<16>();
        self.blocks.extend(whole.iter().map(|chunk| u128::from_le_bytes(*chunk)));
        if !rest.is_empty() {
            self.push(last(bytes, rest.len()));
        }
    }

    /// Lays out a byte and bytes after it, with zeros after their end.
    pub(super) fn push_headed(&mut self, head: u8, bytes: &[u8]) {
        let (first, rest) = bytes.split_at_checked(15).unwrap_or((bytes, &[]));
        self.push(u128::from(head) | load_le(first) << 8);
        let (whole, tail) = rest.as_chunks::<16>();
        self.blocks.extend(whole.iter().map(|chunk| u128::from_le_bytes(*chunk)));
        if !tail.is_empty() {
            self.push(last(bytes, tail.len()));
        }
    }
}

impl Drop for Group {
    fn drop(&mut self) {
        self.blocks.zeroize();
        self.stream.zeroize();
        self.hashes.zeroize();
    }
}

/// The last 1 to 16 bytes of a text, with zeros after them. One read, where the text has a block.
#[inline(always)]
fn last(text: &[u8], len: usize) -> u128 {
    match text.last_chunk::<16>() {
        Some(last) => u128::from_le_bytes(*last) >> (8 * 16_usize.saturating_sub(len)),
        None => load_le(text.get(text.len().saturating_sub(len)..).unwrap_or_default()),
    }
}

/// The blocks of up to 48 bytes, zeros in front of the first and after the last byte.
#[inline(always)]
pub(super) fn few(text: &[u8]) -> Option<[u128; 3]> {
    let block = |at: usize| text.get(at..)?.first_chunk::<16>().map(|block| u128::from_le_bytes(*block));
    match text_blocks(text.len()) {
        0 => Some([0; 3]),
        1 => Some([0, 0, load_le(text)]),
        2 => Some([0, block(0)?, last(text, text.len() - 16)]),
        3 => Some([block(0)?, block(16)?, last(text, text.len() - 32)]),
        _ => None,
    }
}

/// [`few`] of a byte and the bytes after it.
#[inline(always)]
pub(super) fn few_headed(head: u8, rest: &[u8]) -> Option<[u128; 3]> {
    let first = || rest.first_chunk::<16>().map(|block| u128::from(head) | u128::from_le_bytes(*block) << 8);
    match text_blocks(rest.len() + 1) {
        1 => Some([0, 0, u128::from(head) | load_le(rest) << 8]),
        2 => Some([0, first()?, last(rest, rest.len() - 15)]),
        3 => Some([first()?, u128::from_le_bytes(*rest.get(15..)?.first_chunk()?), last(rest, rest.len() - 31)]),
        _ => None,
    }
}

/// Xors a key stream onto a text, and clears what is past its end.
#[inline]
pub(super) fn apply(text: &mut [u128], stream: &[Block], len: usize) {
    for (block, key) in text.iter_mut().zip(stream) {
        *block ^= u128::from_le_bytes((*key).into());
    }
    if let Some(block) = text.last_mut() {
        *block &= u128::MAX >> (8 * (text_blocks(len) * 16 - len));
    }
}

/// Blocks of a text.
pub(super) const fn text_blocks(len: usize) -> usize {
    len.div_ceil(16)
}

/// A text that left a group.
#[derive(Clone, Copy)]
pub(crate) struct Text<'a> {
    blocks: &'a [u128],
    len: usize,
}

impl<'a> Text<'a> {
    pub(super) const fn new(blocks: &'a [u128], len: usize) -> Self {
        Self { blocks, len }
    }

    pub(crate) const fn len(&self) -> usize {
        self.len
    }

    /// The first byte, if there is one.
    pub(crate) fn head(&self) -> Option<u8> {
        self.blocks.first().map(|block| block.to_le_bytes()[0])
    }

    /// Whether all bytes after the first are ASCII.
    pub(crate) fn is_ascii_after_head(&self) -> bool {
        const HIGH: u128 = u128::MAX / 0xff * 0x80;
        let Some((first, rest)) = self.blocks.split_first() else { return true };
        let all = rest.iter().fold(first >> 8, |all, block| all | block);
        all & HIGH == 0
    }

    /// Writes the text at a place, where there must be room for its whole blocks.
    #[inline]
    #[must_use]
    pub(crate) fn write(&self, output: &mut [u8], at: usize) -> Option<()> {
        write_blocks(self.blocks, output.get_mut(at..)?)
    }

    /// Writes the text after its first byte at a place, where there must be room for its whole blocks.
    #[inline]
    #[must_use]
    pub(crate) fn write_after_head(&self, output: &mut [u8], at: usize) -> Option<()> {
        let (first, rest) = self.blocks.split_first()?;
        let output = output.get_mut(at..)?;
        *output.first_chunk_mut::<16>()? = (first >> 8).to_le_bytes();
        write_blocks(rest, output.get_mut(15..)?)
    }

    /// Writes the text where there is no room for its whole blocks.
    #[must_use]
    pub(crate) fn write_to_end(&self, output: &mut [u8]) -> Option<()> {
        let places = output.get_mut(..self.len)?.chunks_mut(16);
        for (place, block) in places.zip(self.blocks) {
            place.copy_from_slice(block.to_le_bytes().get(..place.len())?);
        }
        Some(())
    }

    /// Appends the text.
    pub(crate) fn append_to(&self, output: &mut Vec<u8>) {
        let mut left = self.len;
        for block in self.blocks {
            let bytes = block.to_le_bytes();
            output.extend_from_slice(bytes.get(..left.min(16)).unwrap_or(&bytes));
            left = left.saturating_sub(16);
        }
    }
}

/// One, two and three blocks without a loop, which would be a call.
#[inline]
fn write_blocks(blocks: &[u128], output: &mut [u8]) -> Option<()> {
    let (places, _) = output.as_chunks_mut::<16>();
    match (blocks, places) {
        ([], _) => {}
        ([one], [first, ..]) => *first = one.to_le_bytes(),
        ([one, two], [first, second, ..]) => (*first, *second) = (one.to_le_bytes(), two.to_le_bytes()),
        ([one, two, three], [first, second, third, ..]) => {
            (*first, *second, *third) = (one.to_le_bytes(), two.to_le_bytes(), three.to_le_bytes());
        }
        (blocks, places) => {
            for (place, block) in places.get_mut(..blocks.len())?.iter_mut().zip(blocks) {
                *place = block.to_le_bytes();
            }
        }
    }
    Some(())
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;

    #[test]
    fn every_length_comes_out_as_it_went_in() {
        let bytes: Vec<u8> = (0..70_u8).map(|at| at.wrapping_mul(37).wrapping_add(131)).collect();
        for len in 0..=bytes.len() {
            let text = &bytes[..len];
            let mut group = Group::new(8);
            group.push_bytes(text);
            let plain = Text::new(&group.blocks, len);
            let mut again = Vec::new();
            plain.append_to(&mut again);
            assert_eq!(again, text);
            let mut place = [0xaa; 100];
            plain.write(&mut place, 3).unwrap();
            assert_eq!(place[3..3 + len], *text);
            assert!(place[3 + len..3 + len.next_multiple_of(16)].iter().all(|byte| *byte == 0));
            assert_eq!((place[2], place[3 + len.next_multiple_of(16)]), (0xaa, 0xaa));
            let mut place = vec![0xaa; len];
            plain.write_to_end(&mut place).unwrap();
            assert_eq!(place, text);
            assert!(plain.write_to_end(&mut place[..len.saturating_sub(1)]).is_none() || len == 0);

            let mut headed = Group::new(8);
            headed.push_headed(0x5a, text);
            let all = Text::new(&headed.blocks, len + 1);
            assert_eq!(all.head(), Some(0x5a));
            let mut again = Vec::new();
            all.append_to(&mut again);
            assert_eq!((again[0], &again[1..]), (0x5a, text));
            assert_eq!(headed.blocks.len(), text_blocks(len + 1));
            let mut place = [0xaa; 100];
            all.write_after_head(&mut place, 3).unwrap();
            assert_eq!(place[3..3 + len], *text);
            assert_eq!(all.is_ascii_after_head(), text.is_ascii());
            assert!(all.write(&mut [0; 15], 0).is_none());
        }
        let mut ascii = Group::new(8);
        ascii.push_headed(0x82, b"plain letters, longer than a block");
        assert!(Text::new(&ascii.blocks, 35).is_ascii_after_head());
    }

    #[test]
    fn a_group_has_bounds() {
        let mut group = Group::new(1_000_000);
        let (blocks, stream) = (group.blocks.capacity(), group.stream.capacity());
        assert!(blocks < 2_000);
        while group.takes(SHORT, 16 * (BESIDE - 6)) {
            group.push_headed(1, &[7; SHORT - 1]);
            group.push_bytes(&[7; 16 * BESIDE]);
            for _ in 0..SHORT / 16 + 1 {
                group.stream.push(Block::default());
            }
            group.messages.push(Message { fill: 0, before: 0, len: SHORT, after: 0, mark: 0 });
        }
        assert!(!group.is_empty());
        assert_eq!((group.blocks.capacity(), group.stream.capacity()), (blocks, stream));
        assert!(Group::new(1).takes(SHORT, 100), "one row has room");
    }
}
