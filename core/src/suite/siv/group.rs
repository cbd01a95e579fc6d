//! Groups of short messages through AES-SIV: their blocks meet the block cipher together.

use aes::Block;
use aes::cipher::BlockCipherEncrypt;
use zeroize::Zeroize;

use super::super::block::equal;
use super::super::group::{Group, Message, Text, apply, text_blocks};
use super::{SIV_LEN, Siv, Start, counter_of};

impl Siv {
    /// The synthetic vectors of a group of plaintexts, into their marks: the CMACs of S2V, a step of all messages at a time.
    fn mac_group(&self, start: &Start, group: &mut Group) {
        let [one, two] = self.subkeys.map(u128::from_le_bytes);
        let (start, short) = (u128::from_le_bytes(start.end), u128::from_le_bytes(start.short));
        let Group { blocks, stream, messages, .. } = group;
        if blocks.len() == messages.len() && messages.iter().all(|message| text_blocks(message.len) == 1) {
            // Of one block each, as numbers and codes are.
            stream.clear();
            stream.extend(blocks.iter().zip(&*messages).map(|(block, message)| {
                let onto = if message.len == 16 { start ^ one } else { short ^ 0x80 << (8 * message.len) };
                Block::from((block ^ onto).to_le_bytes())
            }));
            self.mac.encrypt_blocks(stream);
            for (message, block) in messages.iter_mut().zip(stream) {
                message.mark = u128::from_le_bytes((*block).into());
            }
            return;
        }
        let most = messages.iter().map(|message| text_blocks(message.len).max(1)).max().unwrap_or(0);
        for step in 0..most {
            stream.clear();
            let mut rest = blocks.as_slice();
            for message in messages.iter() {
                let count = text_blocks(message.len);
                let (text, after) = rest.split_at_checked(count).unwrap_or_default();
                rest = after;
                let steps = count.max(1);
                if step >= steps {
                    continue;
                }
                let block = text.get(step).copied().unwrap_or(0);
                let past = 16 * steps - message.len;
                let pad = || 0x80 << (8 * (16 - past));
                // S2V xors the start onto the last 16 bytes, or onto a padded block; CMAC adds a subkey, and pads what is not whole.
                let block = match (steps, steps - step) {
                    (1, _) if past > 0 => block ^ pad() ^ short,
                    (_, 1) if past == 0 => block ^ start ^ one,
                    (_, 1) => block ^ start >> (8 * past) ^ pad() ^ two,
                    (_, 2) if past > 0 => block ^ start << (8 * (16 - past)),
                    _ => block,
                };
                let state = if step == 0 { 0 } else { message.mark };
                stream.push((state ^ block).to_le_bytes().into());
            }
            self.mac.encrypt_blocks(stream);
            let waiting = messages.iter_mut().filter(|message| step < text_blocks(message.len).max(1));
            for (message, block) in waiting.zip(stream.iter()) {
                message.mark = u128::from_le_bytes((*block).into());
            }
        }
    }

    /// Xors the key streams of a group's vectors onto its texts.
    fn apply_group(&self, group: &mut Group) {
        let Group { blocks, stream, messages, .. } = group;
        stream.clear();
        if blocks.len() == messages.len() && messages.iter().all(|message| text_blocks(message.len) == 1) {
            let counter = |message: &Message| Block::from(counter_of(message.mark.to_le_bytes()).to_be_bytes());
            stream.extend(messages.iter().map(counter));
            self.counter.encrypt_blocks(stream);
            for ((block, key), message) in blocks.iter_mut().zip(stream).zip(messages) {
                *block = (*block ^ u128::from_le_bytes((*key).into())) & u128::MAX >> (8 * (16 - message.len));
            }
            return;
        }
        for message in messages.iter() {
            let first = counter_of(message.mark.to_le_bytes());
            let counters = (0_u16..).take(text_blocks(message.len));
            stream.extend(counters.map(|at| Block::from(first.wrapping_add(u128::from(at)).to_be_bytes())));
        }
        self.counter.encrypt_blocks(stream);
        let (mut blocks, mut stream) = (blocks.as_mut_slice(), stream.as_slice());
        for message in messages.iter() {
            let count = text_blocks(message.len);
            let (key, rest) = stream.split_at_checked(count).unwrap_or_default();
            stream = rest;
            let (text, rest) = std::mem::take(&mut blocks).split_at_mut_checked(count).unwrap_or_default();
            blocks = rest;
            apply(text, key, message.len);
        }
    }

    /// Encrypts a group and empties it; each message leaves in order, with its synthetic vector.
    pub(crate) fn seal_group<E>(
        &self,
        associated_data: &[u8],
        group: &mut Group,
        each: impl FnMut([u8; SIV_LEN], Text<'_>) -> Result<(), E>,
    ) -> Result<(), E> {
        self.seal_group_from(&self.start(associated_data), group, each)
    }

    pub(super) fn seal_group_from<E>(
        &self,
        start: &Start,
        group: &mut Group,
        mut each: impl FnMut([u8; SIV_LEN], Text<'_>) -> Result<(), E>,
    ) -> Result<(), E> {
        self.mac_group(start, group);
        self.apply_group(group);
        let mut blocks = group.blocks.as_slice();
        for message in &group.messages {
            let (text, rest) = blocks.split_at_checked(text_blocks(message.len)).unwrap_or_default();
            blocks = rest;
            each(message.mark.to_le_bytes(), Text::new(text, message.len))?;
        }
        group.clear();
        Ok(())
    }

    /// Decrypts a group and empties it; each message leaves in order, nothing of it where it does not authenticate.
    pub(crate) fn open_group<E>(
        &self,
        associated_data: &[u8],
        group: &mut Group,
        each: impl FnMut(Option<Text<'_>>) -> Result<(), E>,
    ) -> Result<(), E> {
        self.open_group_from(&self.start(associated_data), group, each)
    }

    pub(super) fn open_group_from<E>(
        &self,
        start: &Start,
        group: &mut Group,
        mut each: impl FnMut(Option<Text<'_>>) -> Result<(), E>,
    ) -> Result<(), E> {
        self.apply_group(group);
        let given: Vec<u128> = group.messages.iter().map(|message| message.mark).collect();
        self.mac_group(start, group);
        let mut blocks = group.blocks.as_slice();
        for (message, given) in group.messages.iter().zip(given) {
            let (text, rest) = blocks.split_at_checked(text_blocks(message.len)).unwrap_or_default();
            blocks = rest;
            let holds = equal(message.mark.to_le_bytes(), given.to_le_bytes());
            each(holds.then(|| Text::new(text, message.len)))?;
        }
        // Marks are what the vectors should have been, also those of messages that someone made up.
        group.messages.iter_mut().for_each(|message| message.mark.zeroize());
        group.clear();
        Ok(())
    }
}

impl Group {
    /// Adds a plaintext for [`Siv`]: a byte and the bytes after it.
    pub(crate) fn push_siv_plain(&mut self, head: u8, rest: &[u8]) {
        self.push_headed(head, rest);
        self.messages.push(Message { fill: 0, before: 0, len: rest.len() + 1, after: 0, mark: 0 });
    }

    /// Adds a ciphertext for [`Siv`] and its vector.
    pub(crate) fn push_siv_sealed(&mut self, iv: [u8; SIV_LEN], text: &[u8]) {
        self.push_bytes(text);
        let mark = u128::from_le_bytes(iv);
        self.messages.push(Message { fill: 0, before: 0, len: text.len(), after: 0, mark });
    }
}
